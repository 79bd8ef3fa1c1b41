"""How Hypothesis looks for trouble, by HYPOTHESIS_PROFILE.

Unless it says so, the same cases each time: whether a change lands must not depend on luck. `nightly` looks elsewhere every time, and
long; `mutants` briefly.
"""

import os

from hypothesis import Phase, settings

NAME = os.environ.get("HYPOTHESIS_PROFILE", "default")
NIGHTLY = NAME == "nightly"

settings.register_profile("default", derandomize=True, deadline=None)
settings.register_profile("nightly", max_examples=2000, deadline=None)
settings.register_profile(
	"mutants",
	max_examples=25,
	deadline=None,
	derandomize=True,
	database=None,
	phases=[Phase.explicit, Phase.generate],  # that it fails is enough
)
settings.load_profile(NAME)
