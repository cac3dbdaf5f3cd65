"""Measurements that the data package remembers go to a folder of the test, not to the user's."""

import pytest


@pytest.fixture(autouse=True)
def cache(tmp_path_factory, monkeypatch):
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("HARMONICFLOW_CACHE", str(folder))
    return folder
