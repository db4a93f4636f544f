"""The admin's login, which does not let passwords be guessed."""

from typing import Any

from django.contrib.admin.forms import AdminAuthenticationForm
from django.core.exceptions import ValidationError

from studyapp.limits import Limit, client_address, forgive, over

QUARTER_OF_AN_HOUR = 15 * 60
# Ten typing errors are forgiven; everybody behind the address of a laboratory together has more of them.
OF_ACCOUNT = Limit("login of an account", 10, QUARTER_OF_AN_HOUR)
OF_ADDRESS = Limit("login from an address", 100, QUARTER_OF_AN_HOUR)


class ThrottledLoginForm(AdminAuthenticationForm):
    """Refuses to look at a password after too many wrong ones, by account and address, and by address."""

    def clean(self) -> dict[str, Any]:
        """Count the attempt before the password is looked at, so that many at once cannot slip through."""
        assert self.request is not None
        address = client_address(self.request)
        account = f"{self.cleaned_data.get('username', '').casefold()} {address}"
        if any([over(OF_ACCOUNT, who=account), over(OF_ADDRESS, who=address)]):
            raise ValidationError("Too many failed logins; wait a quarter of an hour and try again.", code="throttled")
        cleaned = super().clean()
        forgive(OF_ACCOUNT, who=account)
        return cleaned
