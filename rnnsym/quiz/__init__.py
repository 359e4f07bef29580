"""Questions with proven keys, and papers of them; one file per kind in ``kinds``."""
