"""Model families: one file each, named in ``MODEL_TYPES`` by transformers' ``model_type``, giving a model's shapes."""
