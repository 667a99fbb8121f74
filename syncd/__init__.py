"""syncd takes dropped command files and runs them, whole and once, against a Moodle site."""

__version__ = "0.1.0"
