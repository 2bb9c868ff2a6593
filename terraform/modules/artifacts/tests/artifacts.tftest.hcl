mock_provider "aws" {
  override_during = plan
}

variables {
  account_id    = "111122223333"
  force_destroy = false
  name_prefix   = "demo-dev"
  partition     = "aws"
  region        = "eu-west-1"
}

run "nothing_is_public_unencrypted_or_lost_by_accident" {
  command = plan

  # The bucket is named for account and region.
  assert {
    condition     = aws_s3_bucket.code.bucket == "demo-dev-111122223333-eu-west-1"
    error_message = "The bucket is \"${aws_s3_bucket.code.bucket}\"; its name would clash with another account's."
  }

  # Nothing in the bucket can be public.
  assert {
    condition = (
      aws_s3_bucket_public_access_block.code.block_public_acls
      && aws_s3_bucket_public_access_block.code.block_public_policy
      && aws_s3_bucket_public_access_block.code.ignore_public_acls
      && aws_s3_bucket_public_access_block.code.restrict_public_buckets
    )
    error_message = "One of the four public access blocks is open."
  }

  assert {
    condition     = one(aws_s3_bucket_ownership_controls.code.rule).object_ownership == "BucketOwnerEnforced"
    error_message = "ACLs are in force."
  }

  # Everybody is denied without tls.
  assert {
    condition = [
      for statement in jsondecode(aws_s3_bucket_policy.code.policy).Statement : jsonencode(statement)
      ] == [jsonencode({
        Sid       = "TlsOnly"
        Effect    = "Deny"
        Principal = "*"
        Action    = "s3:*"
        Resource  = ["arn:aws:s3:::demo-dev-111122223333-eu-west-1", "arn:aws:s3:::demo-dev-111122223333-eu-west-1/*"]
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
    })]
    error_message = "The bucket policy is more or less than the refusal of plain HTTP: ${aws_s3_bucket_policy.code.policy}"
  }

  # Objects are versioned and encrypted.
  assert {
    condition     = one(aws_s3_bucket_versioning.code.versioning_configuration).status == "Enabled"
    error_message = "An upload would replace the archive that runs."
  }

  assert {
    condition     = one(one(aws_s3_bucket_server_side_encryption_configuration.code.rule).apply_server_side_encryption_by_default).sse_algorithm == "AES256"
    error_message = "The bucket is not encrypted."
  }

  # What is stored survives destroy unless forced.
  assert {
    condition     = aws_s3_bucket.code.force_destroy == false
    error_message = "Destroy would delete code unasked."
  }

  # Without days nothing expires.
  assert {
    condition     = length(aws_s3_bucket_lifecycle_configuration.code) == 0
    error_message = "A rule is made although none was asked for."
  }
}

run "a_name_of_64_characters_is_refused" {
  command = plan

  variables {
    # 37 + 1 + 12 + 1 + 13 = 64
    name_prefix = "ppppppppppppppppppppppppppppppppppppp"
    region      = "us-gov-west-1"
    partition   = "aws-us-gov"
  }

  expect_failures = [aws_s3_bucket.code]
}

run "forcing_reaches_the_bucket" {
  command = plan

  variables {
    force_destroy = true
  }

  assert {
    condition     = aws_s3_bucket.code.force_destroy == true
    error_message = "Forcing does not reach the bucket."
  }
}

run "old_versions_expire_and_broken_uploads_are_cleared_away" {
  command = plan

  variables {
    noncurrent_days = 30
  }

  assert {
    condition = [
      for rule in aws_s3_bucket_lifecycle_configuration.code[0].rule : [
        rule.status, one(rule.noncurrent_version_expiration).noncurrent_days, one(rule.abort_incomplete_multipart_upload).days_after_initiation,
      ]
    ] == [["Enabled", 30, 1]]
    error_message = "Old versions stay, or broken uploads do."
  }

  assert {
    condition     = alltrue([for rule in aws_s3_bucket_lifecycle_configuration.code[0].rule : length(rule.expiration) == 0])
    error_message = "The archive that runs would expire."
  }
}

run "a_bad_value_of_each_variable_is_refused" {
  command = plan

  variables {
    account_id      = "11112222333x" # an account with letters
    name_prefix     = "demo_dev"     # a name with an underscore
    noncurrent_days = 0              # old versions of no day
    partition       = "gcp"          # an unknown partition
    region          = "eu-west"      # a region without a number
  }

  expect_failures = [
    var.account_id,
    var.name_prefix,
    var.noncurrent_days,
    var.partition,
    var.region,
  ]
}

run "another_bad_value_is_refused" {
  command = plan

  variables {
    noncurrent_days = 3651 # more than ten years
  }

  expect_failures = [var.noncurrent_days]
}
