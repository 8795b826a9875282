"""Tests of core/cluster."""
