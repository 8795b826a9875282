"""Research: questions that are answered from sources, each claim with its passage."""
