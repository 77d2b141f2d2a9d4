"""Recurring jobs: when they are due, and what is to be done with each instant. Pure."""
