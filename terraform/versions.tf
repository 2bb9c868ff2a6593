terraform {
  required_version = ">= 1.11"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
    }
  }

  # The path comes from -backend-config=path=..., one file per target and environment.
  backend "local" {}
}
