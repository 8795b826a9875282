"""Tests of core/past."""
