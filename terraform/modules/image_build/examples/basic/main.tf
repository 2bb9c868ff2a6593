module "image_build" {
  source = "../.."

  account_id         = "111122223333"
  dns_suffix         = "amazonaws.com"
  force_delete       = false
  name_prefix        = "mortgage-dev"
  partition          = "aws"
  region             = "us-east-1"
  source_bucket_name = "mortgage-dev-111122223333-us-east-1"
  source_key         = "mortgage_dev/source.zip"
}
