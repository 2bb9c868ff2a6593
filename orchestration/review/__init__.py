"""Reads a Terraform plan in the language of access: pure functions over `terraform show -json`."""
