# What `invoke doctor` asks beside what the commands ask anyway. Without it doctor says what it could not look at.

locals {
  doctor_statements = [
    {
      Sid    = "LookAtQuotas"
      Effect = "Allow"
      Action = ["iam:GetAccountSummary", "servicequotas:ListServiceQuotas"]
      # "*": neither takes a resource (service authorization reference, IAM and Service Quotas); they tell numbers alone.
      Resource = ["*"]
    },
  ]
}
