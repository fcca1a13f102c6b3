"""Settings for the whole suite: property tests are the same on every run of continuous integration.

`HYPOTHESIS_PROFILE=thorough` looks at ten times as many fresh examples; use it before a release.
"""

import os

from hypothesis import HealthCheck, settings

settings.register_profile("default", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("thorough", deadline=None, max_examples=1000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))
