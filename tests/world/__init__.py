"""What a scenario is written in: plans, tickets, a clock that is moved by hand, and messages that are expected.

Nothing is patched out: the app runs as it does on a site, sends over SMTP and HTTP to local providers, and its
pages are served over HTTP from this process, so that they see the same clock.
"""

from tests.world.acting import Acting
from tests.world.clean_site import OTHERS, OURS
from tests.world.expecting import Expecting
from tests.world.setting_up import PAGER, SettingUp, needs

__all__ = ["OTHERS", "OURS", "PAGER", "World", "needs"]


class World(SettingUp, Acting, Expecting):
	"""What one scenario has, within the `with` block."""
