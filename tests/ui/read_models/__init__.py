"""Tests of the panel of the read models."""
