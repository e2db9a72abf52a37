"""What an incident is, and the rules that decide: pure, deterministic, without any import of ours."""
