"""How to look around in a running system, for the person who has just started it."""

from local.system import System


def describe(system: System) -> str:
    """Addresses, and commands that can be copied."""
    environment = (
        f"AWS_ENDPOINT_URL={system.emulator.endpoint} AWS_DEFAULT_REGION=eu-central-1 "
        "AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test"
    )
    topics = system.stack.physical_ids["TopicsFunction"]
    probe = system.stack.physical_ids["ProducerProbeFunction"]
    topic = "AWSKafkaTutorialTopic"
    return f"""
The local system is running.

  Kafka    {system.kafka.bootstrap("SASL_SSL")}  (SASL/SCRAM over TLS)
           {system.kafka.bootstrap("PLAINTEXT")}  (plaintext)
  AWS      {system.emulator.endpoint}
  Vantiq   {system.vantiq_url}

Look around:

  # What is declared, and what stands on the cluster
  {environment} sam remote invoke {topics} --event '{{"action": "plan"}}'

  # Which broker fails at which stage, if any
  {environment} sam remote invoke {probe} --event '{{}}'

  # Write a record, and see it arrive in Vantiq
  python -m local.kafka produce {topic} 'hello'
  tail -f {system.vantiq_journal}

Stop it with: make down"""
