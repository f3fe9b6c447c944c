"""Tests of the embedded servers, the supervisor, the installation and the deployment files."""
