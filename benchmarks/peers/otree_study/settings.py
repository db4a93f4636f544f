"""oTree's settings of the study that benchmarks/load.py compares with: as `otree startproject` writes them."""

SESSION_CONFIGS = [{"name": "choice", "app_sequence": ["choice"], "num_demo_participants": 1}]
SESSION_CONFIG_DEFAULTS = {"real_world_currency_per_point": 1.0, "participation_fee": 0.0, "doc": ""}
PARTICIPANT_FIELDS: list[str] = []
SESSION_FIELDS: list[str] = []
LANGUAGE_CODE = "en"
REAL_WORLD_CURRENCY_CODE = "USD"
USE_POINTS = False
ADMIN_USERNAME = "admin"
ADMIN_PASSWORD = "only for the benchmark"
SECRET_KEY = "only for the benchmark"
DEMO_PAGE_INTRO_HTML = ""
