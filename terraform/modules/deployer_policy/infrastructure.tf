# What provider 5.100 calls for the resources of the root module, seen in its log while it made, changed and destroyed them.

locals {
  infrastructure_statements = [
    {
      Sid    = "ArtifactBucket"
      Effect = "Allow"
      Action = [
        "s3:CreateBucket",
        "s3:DeleteBucket",
        "s3:DeleteBucketPolicy",
        "s3:GetAccelerateConfiguration",
        "s3:GetBucketAcl",
        "s3:GetBucketCORS",
        "s3:GetBucketLogging",
        "s3:GetBucketObjectLockConfiguration",
        "s3:GetBucketOwnershipControls",
        "s3:GetBucketPolicy",
        "s3:GetBucketPublicAccessBlock",
        "s3:GetBucketRequestPayment",
        "s3:GetBucketTagging",
        "s3:GetBucketVersioning",
        "s3:GetBucketWebsite",
        "s3:GetEncryptionConfiguration",
        "s3:GetLifecycleConfiguration",
        "s3:GetReplicationConfiguration",
        "s3:ListBucket",
        "s3:ListBucketMultipartUploads",
        "s3:ListBucketVersions",
        "s3:PutBucketOwnershipControls",
        "s3:PutBucketPolicy",
        "s3:PutBucketPublicAccessBlock",
        "s3:PutBucketTagging",
        "s3:PutBucketVersioning",
        "s3:PutEncryptionConfiguration",
        "s3:PutLifecycleConfiguration",
      ]
      Resource = [local.bucket_arn]
    },
    {
      # The toolkit uploads in parts; down empties the bucket, all versions.
      Sid      = "Artifacts"
      Effect   = "Allow"
      Action   = ["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:DeleteObjectVersion", "s3:GetObject", "s3:PutObject"]
      Resource = ["${local.bucket_arn}/*"]
    },
    {
      Sid    = "MakeTaggedPools"
      Effect = "Allow"
      Action = ["cognito-idp:CreateUserPool"]
      # "*": there is no pool yet to be named; its tags are what narrows it (service authorization reference, Cognito).
      Resource  = ["*"]
      Condition = { StringEquals = { for key, value in local.pool_tags : "aws:RequestTag/${key}" => value } }
    },
    {
      Sid    = "LookUpDomains"
      Effect = "Allow"
      Action = ["cognito-idp:DescribeUserPoolDomain"]
      # "*": the action takes no resource, a domain is looked up among all accounts' (service authorization reference, Cognito).
      Resource = ["*"]
    },
    {
      Sid    = "TaggedPools"
      Effect = "Allow"
      Action = [
        "cognito-idp:AdminAddUserToGroup",
        "cognito-idp:AdminCreateUser",
        "cognito-idp:AdminDeleteUser",
        "cognito-idp:AdminGetUser",
        "cognito-idp:AdminListGroupsForUser",
        "cognito-idp:AdminRemoveUserFromGroup",
        "cognito-idp:AdminSetUserPassword",
        "cognito-idp:CreateGroup",
        "cognito-idp:CreateResourceServer",
        "cognito-idp:CreateUserPoolClient",
        "cognito-idp:CreateUserPoolDomain",
        "cognito-idp:DeleteGroup",
        "cognito-idp:DeleteResourceServer",
        "cognito-idp:DeleteUserPool",
        "cognito-idp:DeleteUserPoolClient",
        "cognito-idp:DeleteUserPoolDomain",
        "cognito-idp:DescribeResourceServer",
        "cognito-idp:DescribeUserPool",
        "cognito-idp:DescribeUserPoolClient",
        "cognito-idp:GetGroup",
        "cognito-idp:GetUserPoolMfaConfig",
        "cognito-idp:ListUserPoolClients",
        "cognito-idp:ListUsers",
        "cognito-idp:SetUserPoolMfaConfig",
        "cognito-idp:TagResource",
        "cognito-idp:UntagResource",
        "cognito-idp:UpdateGroup",
        "cognito-idp:UpdateResourceServer",
        "cognito-idp:UpdateUserPool",
        "cognito-idp:UpdateUserPoolClient",
      ]
      Resource  = [local.pools_arn]
      Condition = { StringEquals = { for key, value in local.pool_tags : "aws:ResourceTag/${key}" => value } }
    },
    {
      Sid    = "Passwords"
      Effect = "Allow"
      Action = [
        "secretsmanager:CreateSecret",
        "secretsmanager:DeleteSecret",
        "secretsmanager:DescribeSecret",
        "secretsmanager:GetResourcePolicy",
        "secretsmanager:GetSecretValue",
        "secretsmanager:PutSecretValue",
        "secretsmanager:TagResource",
        "secretsmanager:UntagResource",
        "secretsmanager:UpdateSecret",
        "secretsmanager:UpdateSecretVersionStage",
      ]
      Resource = [local.secrets_arn]
    },
    {
      Sid    = "GeneratePasswords"
      Effect = "Allow"
      Action = ["secretsmanager:GetRandomPassword"]
      # "*": the action takes no resource, nothing is stored (service authorization reference, Secrets Manager).
      Resource = ["*"]
    },
  ]
}
