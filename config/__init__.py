"""Settings, policy and services of an installation, validated before anything starts."""
