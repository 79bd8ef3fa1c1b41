"""How long Hypothesis looks for trouble, by the environment: HYPOTHESIS_PROFILE=nightly for long, mutants briefly and always alike."""

import os

from hypothesis import Phase, settings

NAME = os.environ.get("HYPOTHESIS_PROFILE", "default")
NIGHTLY = NAME == "nightly"

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
