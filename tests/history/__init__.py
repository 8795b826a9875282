"""Every shape a fact ever had, as it stands in somebody's log."""
