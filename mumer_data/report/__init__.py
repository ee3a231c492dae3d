"""Tables, plots and pages for people; no figure is computed here."""
