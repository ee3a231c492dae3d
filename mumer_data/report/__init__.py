"""Pictures and pages for people: nothing here decides anything."""
