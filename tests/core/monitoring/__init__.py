"""Tests of core/monitoring."""
