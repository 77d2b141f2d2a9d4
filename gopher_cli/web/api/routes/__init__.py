"""The other routes of the API, a module for each subject."""
