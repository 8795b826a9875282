"""Tests of core/hardware."""
