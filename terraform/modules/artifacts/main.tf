locals {
  bucket_name = "${var.name_prefix}-${var.account_id}-${var.region}"
  bucket_arn  = "arn:${var.partition}:s3:::${local.bucket_name}"
}

resource "aws_s3_bucket" "code" {
  bucket        = local.bucket_name
  force_destroy = var.force_destroy

  tags = var.tags

  lifecycle {
    precondition {
      condition     = length(local.bucket_name) <= 63
      error_message = "The bucket name \"${local.bucket_name}\" has ${length(local.bucket_name)} characters; S3 allows 63. Shorten the project or the environment."
    }
  }
}

resource "aws_s3_bucket_ownership_controls" "code" {
  bucket = aws_s3_bucket.code.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_public_access_block" "code" {
  bucket = aws_s3_bucket.code.id

  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_versioning" "code" {
  bucket = aws_s3_bucket.code.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "code" {
  bucket = aws_s3_bucket.code.id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

# The provider waits almost a minute until a new rule has settled: the local target, where a bucket lives for minutes, does
# without.
resource "aws_s3_bucket_lifecycle_configuration" "code" {
  count = var.noncurrent_days == null ? 0 : 1

  bucket = aws_s3_bucket.code.id

  rule {
    id     = "expire-old-versions"
    status = "Enabled"

    filter {}

    noncurrent_version_expiration {
      noncurrent_days = var.noncurrent_days
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 1
    }
  }

  # Rules about old versions mean nothing before there are versions.
  depends_on = [aws_s3_bucket_versioning.code]
}

resource "aws_s3_bucket_policy" "code" {
  bucket = aws_s3_bucket.code.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "TlsOnly"
        Effect    = "Deny"
        Principal = "*"
        Action    = "s3:*"
        Resource  = [local.bucket_arn, "${local.bucket_arn}/*"]
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
    ]
  })

  # S3 answers OperationAborted when both are written at the same time.
  depends_on = [aws_s3_bucket_public_access_block.code]
}
