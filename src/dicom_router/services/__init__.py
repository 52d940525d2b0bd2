"""The local platform: MLflow's server, Prefect's server and its workers, as processes that come back when they die."""
