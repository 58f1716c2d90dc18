"""Read a case from free text, in Chinese and English: offline by lexicons, or through an endpoint if one is named."""
