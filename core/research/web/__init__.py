"""The outside as research sees it: what can be searched, and pages read without being trusted."""
