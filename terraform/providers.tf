# No endpoints here: the provider honours AWS_ENDPOINT_URL, so what is reviewed is what runs against either target.
provider "aws" {
  region              = var.region
  allowed_account_ids = length(var.allowed_account_ids) == 0 ? null : var.allowed_account_ids
  s3_use_path_style   = var.s3_use_path_style

  default_tags {
    tags = merge(var.tags, {
      Project     = var.project
      Environment = var.environment
      ManagedBy   = "terraform"
      Repository  = var.repository
    })
  }
}
