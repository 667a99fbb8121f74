"""How people are told: by mail, by services that apprise knows, and by a call that tells elsewhere that all is well."""
