"""What can be asked: each module beside the machinery is one task, found by itself (see ``registry``)."""
