"""Tests of core/runtimes."""
