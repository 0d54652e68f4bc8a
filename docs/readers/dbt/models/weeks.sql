select app, week, devices_estimate, devices_lower, devices_upper
from {{ source('rollups', 'activity_weekly') }}
where week in (select first_day from {{ ref('complete') }} where table_name = 'activity_weekly')
