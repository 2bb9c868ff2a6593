data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

locals {
  account_id = data.aws_caller_identity.current.account_id
  partition  = data.aws_partition.current.partition
  region     = data.aws_region.current.name

  name_prefix = "${var.project}-${var.environment}"

  # Runtime names know no hyphen.
  agent_runtime_name = replace("${var.project}_${var.environment}", "-", "_")

  is_prod = var.environment == "prod"
}
