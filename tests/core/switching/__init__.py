"""Tests of core/switching."""
