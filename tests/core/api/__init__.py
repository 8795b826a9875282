"""Tests of core/api."""
