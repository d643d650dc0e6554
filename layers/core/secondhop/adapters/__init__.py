"""One AWS service a file. Wire forms and ClientError stop here."""
