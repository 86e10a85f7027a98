"""Answers CloudFormation, from outside the VPC, for the functions that a deployment depends on."""
