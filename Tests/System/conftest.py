"""What all system tests share stands in the plugin."""
pytest_plugins = ["testbed.plugin"]
