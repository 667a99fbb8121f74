<?php
// This file is part of syncd's companion, a plugin for Moodle - http://moodle.org/
//
// It is free software: you can redistribute it and/or modify
// it under the terms of the GNU General Public License as published by
// the Free Software Foundation, either version 3 of the License, or
// (at your option) any later version.
//
// It is distributed in the hope that it will be useful,
// but WITHOUT ANY WARRANTY; without even the implied warranty of
// MERCHANTABILITY or FITNESS FOR A PARTICULAR PURPOSE.  See the
// GNU General Public License for more details.
//
// You should have received a copy of the GNU General Public License
// along with Moodle.  If not, see <http://www.gnu.org/licenses/>.

/**
 * The functions, and a service that has all that syncd may call.
 *
 * @package    local_syncd
 * @license    https://www.gnu.org/licenses/gpl-3.0.html GNU GPL v3 or later
 */

defined('MOODLE_INTERNAL') || die();

$functions = [
    'local_syncd_get_users' => [
        'classname' => 'local_syncd\external\get_users',
        'methodname' => 'execute',
        'description' => 'Many accounts by one field, with just the fields that were asked for.',
        'type' => 'read',
        'capabilities' => 'moodle/user:viewdetails, moodle/user:viewhiddendetails, moodle/user:viewalldetails, '
            . 'moodle/site:viewuseridentity',
    ],
    'local_syncd_get_profile_fields' => [
        'classname' => 'local_syncd\external\get_profile_fields',
        'methodname' => 'execute',
        'description' => 'The site\'s custom profile fields, and what their values may be.',
        'type' => 'read',
        'capabilities' => 'moodle/user:viewalldetails',
    ],
    'local_syncd_get_capabilities' => [
        'classname' => 'local_syncd\external\get_capabilities',
        'methodname' => 'execute',
        'description' => 'What the caller may do on the site.',
        'type' => 'read',
        'capabilities' => '',
    ],
    'local_syncd_get_roles' => [
        'classname' => 'local_syncd\external\get_roles',
        'methodname' => 'execute',
        'description' => 'The site\'s roles, with their shortnames.',
        'type' => 'read',
        'capabilities' => 'moodle/role:assign',
    ],
    'local_syncd_get_courses' => [
        'classname' => 'local_syncd\external\get_courses',
        'methodname' => 'execute',
        'description' => 'Many courses by one field, with just the fields that were asked for.',
        'type' => 'read',
        'capabilities' => 'moodle/course:view, moodle/course:viewhiddencourses, moodle/course:update',
    ],
    'local_syncd_get_sections' => [
        'classname' => 'local_syncd\external\get_sections',
        'methodname' => 'execute',
        'description' => 'The sections of many courses.',
        'type' => 'read',
        'capabilities' => 'moodle/course:view, moodle/course:update',
    ],
    'local_syncd_get_enrol_methods' => [
        'classname' => 'local_syncd\external\get_enrol_methods',
        'methodname' => 'execute',
        'description' => 'The ways into many courses.',
        'type' => 'read',
        'capabilities' => 'moodle/course:enrolreview',
    ],
    'local_syncd_get_enrolments' => [
        'classname' => 'local_syncd\external\get_enrolments',
        'methodname' => 'execute',
        'description' => 'Who is enrolled in many courses, how, and from when to when.',
        'type' => 'read',
        'capabilities' => 'moodle/course:viewparticipants, moodle/course:enrolreview',
    ],
    'local_syncd_get_role_assignments' => [
        'classname' => 'local_syncd\external\get_role_assignments',
        'methodname' => 'execute',
        'description' => 'Who has which role in many courses.',
        'type' => 'read',
        'capabilities' => 'moodle/course:viewparticipants',
    ],
    'local_syncd_get_group_members' => [
        'classname' => 'local_syncd\external\get_group_members',
        'methodname' => 'execute',
        'description' => 'Who is in which group of many courses.',
        'type' => 'read',
        'capabilities' => 'moodle/course:managegroups',
    ],
    'local_syncd_get_cohorts' => [
        'classname' => 'local_syncd\external\get_cohorts',
        'methodname' => 'execute',
        'description' => 'Many cohorts by one field.',
        'type' => 'read',
        'capabilities' => 'moodle/cohort:view',
    ],
    'local_syncd_get_cohort_members' => [
        'classname' => 'local_syncd\external\get_cohort_members',
        'methodname' => 'execute',
        'description' => 'Who is in which of many cohorts.',
        'type' => 'read',
        'capabilities' => 'moodle/cohort:view',
    ],
    'local_syncd_create_users' => [
        'classname' => 'local_syncd\external\create_users',
        'methodname' => 'execute',
        'description' => 'Make accounts, with one look for taken names and addresses in all.',
        'type' => 'write',
        'capabilities' => 'moodle/user:create',
    ],
    'local_syncd_restore_users' => [
        'classname' => 'local_syncd\external\restore_users',
        'methodname' => 'execute',
        'description' => 'Bring deleted accounts back.',
        'type' => 'write',
        'capabilities' => 'moodle/user:create, moodle/user:update',
    ],
    'local_syncd_set_pictures' => [
        'classname' => 'local_syncd\external\set_pictures',
        'methodname' => 'execute',
        'description' => 'Give accounts their pictures, and remember of which file each is.',
        'type' => 'write',
        'capabilities' => 'moodle/user:editprofile',
    ],
    'local_syncd_set_categories' => [
        'classname' => 'local_syncd\external\set_categories',
        'methodname' => 'execute',
        'description' => 'Show and hide course categories.',
        'type' => 'write',
        'capabilities' => 'moodle/category:manage',
    ],
    'local_syncd_set_sections' => [
        'classname' => 'local_syncd\external\set_sections',
        'methodname' => 'execute',
        'description' => 'Name and describe sections of courses.',
        'type' => 'write',
        'capabilities' => 'moodle/course:update',
    ],
    'local_syncd_set_enrol_methods' => [
        'classname' => 'local_syncd\external\set_enrol_methods',
        'methodname' => 'execute',
        'description' => 'Open and close manual, self and guest enrolment.',
        'type' => 'write',
        'capabilities' => 'moodle/course:enrolconfig, enrol/manual:config, enrol/self:config, enrol/guest:config',
    ],
    'local_syncd_reset_courses' => [
        'classname' => 'local_syncd\external\reset_courses',
        'methodname' => 'execute',
        'description' => 'Take what the users left out of courses.',
        'type' => 'write',
        'capabilities' => 'moodle/course:reset, moodle/role:assign',
    ],
    'local_syncd_enrol_users' => [
        'classname' => 'local_syncd\external\enrol_users',
        'methodname' => 'execute',
        'description' => 'Enrol people, or change what is given of their enrolments.',
        'type' => 'write',
        'capabilities' => 'enrol/manual:enrol, enrol/self:manage, moodle/role:assign',
    ],
    'local_syncd_unenrol_users' => [
        'classname' => 'local_syncd\external\unenrol_users',
        'methodname' => 'execute',
        'description' => 'Take away enrolments.',
        'type' => 'write',
        'capabilities' => 'enrol/manual:unenrol, enrol/self:unenrol',
    ],
    'local_syncd_set_cohort_enrolments' => [
        'classname' => 'local_syncd\external\set_cohort_enrolments',
        'methodname' => 'execute',
        'description' => 'Bind cohorts to courses, at once.',
        'type' => 'write',
        'capabilities' => 'moodle/course:enrolconfig, enrol/cohort:config, moodle/role:assign, '
            . 'moodle/course:managegroups, moodle/cohort:view',
    ],
    'local_syncd_add_group_members' => [
        'classname' => 'local_syncd\external\add_group_members',
        'methodname' => 'execute',
        'description' => 'Put people into groups, marked as put there by syncd.',
        'type' => 'write',
        'capabilities' => 'moodle/course:managegroups',
    ],
    'local_syncd_delete_group_members' => [
        'classname' => 'local_syncd\external\delete_group_members',
        'methodname' => 'execute',
        'description' => 'Take people out of groups, where asked only those whom syncd put there.',
        'type' => 'write',
        'capabilities' => 'moodle/course:managegroups',
    ],
];

$services = [
    // Nobody can use it before an administrator names who may.
    'syncd (companion)' => [
        'shortname' => 'local_syncd',
        'enabled' => 1,
        'restrictedusers' => 1,
        'uploadfiles' => 1,
        'downloadfiles' => 0,
        'functions' => [
            'core_cohort_add_cohort_members',
            'core_cohort_create_cohorts',
            'core_cohort_delete_cohort_members',
            'core_cohort_delete_cohorts',
            'core_cohort_get_cohort_members',
            'core_cohort_get_cohorts',
            'core_cohort_search_cohorts',
            'core_cohort_update_cohorts',
            'core_course_create_categories',
            'core_course_create_courses',
            'core_course_delete_categories',
            'core_course_delete_courses',
            'core_course_duplicate_course',
            'core_course_get_categories',
            'core_course_get_contents',
            'core_course_get_courses',
            'core_course_get_courses_by_field',
            'core_course_import_course',
            'core_course_update_categories',
            'core_course_update_courses',
            'core_enrol_get_enrolled_users',
            'core_enrol_get_users_courses',
            'core_files_upload',
            'core_group_add_group_members',
            'core_group_assign_grouping',
            'core_group_create_groupings',
            'core_group_create_groups',
            'core_group_delete_group_members',
            'core_group_delete_groupings',
            'core_group_delete_groups',
            'core_group_get_course_groupings',
            'core_group_get_course_groups',
            'core_group_get_group_members',
            'core_group_get_groupings',
            'core_group_update_groupings',
            'core_group_update_groups',
            'core_role_assign_roles',
            'core_role_unassign_roles',
            'core_user_create_users',
            'core_user_delete_users',
            'core_user_get_course_user_profiles',
            'core_user_get_users',
            'core_user_get_users_by_field',
            'core_user_update_picture',
            'core_user_update_users',
            'core_webservice_get_site_info',
            'enrol_manual_enrol_users',
            'enrol_manual_unenrol_users',
            'enrol_meta_add_instances',
            'enrol_meta_delete_instances',
            'local_syncd_add_group_members',
            'local_syncd_create_users',
            'local_syncd_delete_group_members',
            'local_syncd_enrol_users',
            'local_syncd_get_capabilities',
            'local_syncd_get_cohort_members',
            'local_syncd_get_cohorts',
            'local_syncd_get_courses',
            'local_syncd_get_enrol_methods',
            'local_syncd_get_enrolments',
            'local_syncd_get_group_members',
            'local_syncd_get_profile_fields',
            'local_syncd_get_role_assignments',
            'local_syncd_get_roles',
            'local_syncd_get_sections',
            'local_syncd_get_users',
            'local_syncd_reset_courses',
            'local_syncd_restore_users',
            'local_syncd_set_categories',
            'local_syncd_set_cohort_enrolments',
            'local_syncd_set_enrol_methods',
            'local_syncd_set_pictures',
            'local_syncd_set_sections',
            'local_syncd_unenrol_users',
            'tool_mobile_call_external_functions',
        ],
    ],
];
