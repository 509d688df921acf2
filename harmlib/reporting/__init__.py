"""What people are told: tables and figures as sentences, the page of the report, the lab."""
