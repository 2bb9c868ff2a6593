mock_provider "aws" {
  override_during = plan
}

variables {
  account_id    = "111122223333"
  force_delete  = false
  force_destroy = false
  name_prefix   = "demo-dev"
  partition     = "aws"
  region        = "eu-west-1"
}

run "a_bad_value_of_each_variable_is_refused" {
  command = plan

  variables {
    account_id  = "11112222333x" # an account with letters
    name_prefix = "demo_dev"     # a name with an underscore
    partition   = "gcp"          # an unknown partition
    region      = "eu-west"      # a region without a number
  }

  expect_failures = [
    var.account_id,
    var.name_prefix,
    var.partition,
    var.region,
  ]
}
