"""Tests of virtual models and remote providers."""
