"""Documents about models: derivations, counts, checks, study sheets."""
