"""Tests of named keys."""
