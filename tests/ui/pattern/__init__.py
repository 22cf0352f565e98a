"""Tests of the pattern view."""
