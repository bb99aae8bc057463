import pytest

pytest.register_assert_rewrite("tests.services.model.life")  # what a failed assertion shows is a part of the model
