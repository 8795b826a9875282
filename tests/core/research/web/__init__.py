"""Tests of core/research/web."""
