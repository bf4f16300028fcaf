"""One module for each public layout (`kaggle`, `celeba`, …), their `cache`, and `loading.load`, which finds them."""
