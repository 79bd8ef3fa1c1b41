from tests import profiles  # noqa: F401
