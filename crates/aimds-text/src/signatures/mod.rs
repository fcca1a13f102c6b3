//! Stateless detectors over every view: rule packs of literals and linear-time regexes, checked secrets and personal data.
